import { defineConfig } from 'prisma/config'
import { readConfig } from './config.ts'

const { DATABASE_URL: url } = readConfig()

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url === undefined ? {} : { datasource: { url } }),
})
