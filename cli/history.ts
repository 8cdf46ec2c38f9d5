import { writeFile } from 'node:fs/promises'
import process from 'node:process'

const [orderId] = process.argv.slice(2)
const base = process.env['API_URL'] ?? 'http://127.0.0.1:3000'

try {
  if (orderId === undefined) throw new Error('Usage: npm run history -- <orderId>')
  const response = await fetch(`${base}/orders/${encodeURIComponent(orderId)}/history`)
  const text = await response.text()
  if (!response.ok) throw new Error(`${base} answered ${response.status}: ${text}`)
  const file = `order-${orderId}.history.json`
  await writeFile(file, `${JSON.stringify(JSON.parse(text), null, 2)}\n`)
  process.stdout.write(`${file}\nReplay it with: npm run replay -- ${file}\n`)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
