// Writes what is in a release, as CycloneDX: each package that runs in production, with its version, licence and hash.
// It is made from the lock file alone, and asks no registry: node .ci/sbom.mjs [file]
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import process from 'node:process'

const root = path.join(import.meta.dirname, '..')
const { name, version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'))
const [file = path.join(root, '.cache', `${name}-${version}.cdx.json`)] = process.argv.slice(2)

// With --omit=dev npm leaves out also what production needs and a tool needs, too, so it is not npm that leaves out.
const made = spawnSync(
  'npm',
  ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only', '--offline'],
  { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28, stdio: ['ignore', 'pipe', 'inherit'] },
)
if (made.status !== 0) process.exit(1)
const bom = JSON.parse(made.stdout)

const isForDevelopment = ({ properties }) =>
  properties.some((property) => property.name === 'cdx:npm:package:development')
const left = new Set(bom.components.filter(isForDevelopment).map((component) => component['bom-ref']))
bom.components = bom.components.filter((component) => !left.has(component['bom-ref']))
bom.dependencies = bom.dependencies
  .filter(({ ref }) => !left.has(ref))
  .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => !left.has(other)) }))
// npm names it after its folder.
bom.metadata.component.name = name

mkdirSync(path.dirname(file), { recursive: true })
writeFileSync(file, `${JSON.stringify(bom, null, 2)}\n`)
process.stdout.write(`${bom.components.length} packages of ${name} ${version}, in ${file}\n`)
