# One image for every process of ours; docker-compose.yml says which it runs.
FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev
COPY . .
# Generating needs no native engine, but the Prisma CLI insists on finding one: any executable will do.
RUN PRISMA_SCHEMA_ENGINE_BINARY=/usr/local/bin/node npx prisma generate \
 && node --import tsx cli/build-bundle.ts /app/workflows.js \
 && node --import tsx cli/build-console.ts /app/console-built
ENV WORKFLOW_BUNDLE=/app/workflows.js CONSOLE_DIR=/app/console-built HOST=0.0.0.0 DATA_DIR=/data
# A new volume takes owner and mode from the folder that it is mounted on.
RUN install -d -o node /data && install -d -o node -m 700 /keys
USER node
CMD ["node", "--import", "tsx", "api/server.ts"]
