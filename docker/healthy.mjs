// The health check of a container of ours: whether the URL answers well.
import process from 'node:process'

const [url = ''] = process.argv.slice(2)
const isHealthy = await fetch(url).then(
  ({ ok }) => ok,
  () => false,
)
process.exit(isHealthy ? 0 : 1)
