import type { TestDatabase } from './database.ts'
import { createTestDatabase, startSystem } from './start.ts'
import type { System } from './system.ts'
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts'

/** A line to PostgreSQL, and the URL by which a database is reached through it. */
export interface DatabaseLine {
  line: TcpProxy
  url: string
}

export async function startDatabaseLine(url: string): Promise<DatabaseLine> {
  const through = new URL(url)
  const line = await startTcpProxy({ host: through.hostname, port: Number(through.port) })
  through.port = String(line.port)
  return { line, url: through.href }
}

/** A database of its own, and a line to it. */
export async function createDatabaseBehindALine(): Promise<
  DatabaseLine & { direct: TestDatabase; close: () => Promise<void> }
> {
  const direct = await createTestDatabase()
  const { line, url } = await startDatabaseLine(direct.url)
  return {
    line,
    url,
    direct,
    close() {
      line.close()
      return direct.close()
    },
  }
}

/** A system whose API reaches its database over a line. */
export async function startApiBehindALine(): Promise<{
  system: System
  line: TcpProxy
  close: () => Promise<void>
}> {
  const lines: TcpProxy[] = []
  const system = await startSystem({
    input: { pace: 0.05 },
    async apiDatabaseUrl(place) {
      const { line, url } = await startDatabaseLine(place)
      lines.push(line)
      return url
    },
  })
  const [line] = lines
  if (line === undefined) throw new Error('the API has no line')
  return {
    system,
    line,
    close() {
      line.close()
      return system.close()
    },
  }
}
