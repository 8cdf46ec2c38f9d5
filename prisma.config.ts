import { defineConfig } from 'prisma/config'
import { readConfig } from './config.ts'

const { DATABASE_URL, MIGRATE_DATABASE_URL } = readConfig()
const url = MIGRATE_DATABASE_URL ?? DATABASE_URL

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(url === undefined ? {} : { datasource: { url } }),
})
