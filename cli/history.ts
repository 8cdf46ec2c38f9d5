import { writeFile } from 'node:fs/promises'
import process from 'node:process'
import { callApi, print, run } from './call-api.ts'

const [orderId] = process.argv.slice(2)

await run(async () => {
  if (orderId === undefined) throw new Error('Usage: npm run history -- <orderId>')
  const history = await callApi('GET', `/orders/${encodeURIComponent(orderId)}/history`)
  const file = `order-${orderId}.history.json`
  await writeFile(file, `${JSON.stringify(history, null, 2)}\n`)
  print(`${file}\nReplay it with: npm run replay -- ${file}`)
})
