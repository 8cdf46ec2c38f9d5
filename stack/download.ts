import { spawn } from 'node:child_process'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { EnvHttpProxyAgent, fetch } from 'undici'
import { childEnvironment } from '../config.ts'

/** A fetched or built program appears in its place whole or not at all. */
export async function installInto(
  place: string,
  make: (scratch: string) => Promise<string>,
): Promise<string> {
  const scratch = `${place}.${process.pid}.new`
  await rm(scratch, { recursive: true, force: true })
  await mkdir(scratch, { recursive: true })
  try {
    const made = await make(scratch)
    await mkdir(path.dirname(place), { recursive: true })
    await rm(place, { recursive: true, force: true })
    await rename(made, place)
    return place
  } finally {
    await rm(scratch, { recursive: true, force: true })
  }
}

/**
 * Saves what a URL answers, through the shell's proxy if it names one. @throws Error when it does not answer 200 in
 * time.
 */
export async function download(url: string, file: string, timeoutMs: number): Promise<void> {
  const response = await fetch(url, {
    dispatcher: new EnvHttpProxyAgent(),
    signal: AbortSignal.timeout(timeoutMs),
  })
  if (!response.ok) throw new Error(`${new URL(url).host} answered ${response.status}`)
  await writeFile(file, Buffer.from(await response.arrayBuffer()))
}

/**
 * Runs a program that may take minutes and says so every quarter of a minute.
 * @throws Error with the end of what it printed when it fails.
 */
export async function runSlowly(
  title: string,
  command: string,
  args: readonly string[],
  log: (line: string) => void,
  environment: Record<string, string> = {},
): Promise<void> {
  const began = Date.now()
  const seconds = () => Math.round((Date.now() - began) / 1000)
  log(`${title} …`)
  const progress = setInterval(() => log(`${title}: ${seconds()} s so far`), 15_000)
  try {
    await new Promise<void>((resolve, reject) => {
      let printed = ''
      const child = spawn(command, args, {
        env: childEnvironment(environment),
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      const keep = (chunk: Buffer) => {
        printed = (printed + chunk.toString()).slice(-2000)
      }
      child.stdout.on('data', keep)
      child.stderr.on('data', keep)
      child.on('error', reject)
      child.on('close', (code) =>
        code === 0 ? resolve() : reject(new Error(`${command} failed:\n${printed}`)),
      )
    })
    log(`${title}: done after ${seconds()} s`)
  } finally {
    clearInterval(progress)
  }
}

/** The first executable of that name on the PATH. */
export function onPath(name: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn('sh', ['-c', `command -v ${name}`], { stdio: ['ignore', 'pipe', 'ignore'] })
    let found = ''
    child.stdout.on('data', (chunk: Buffer) => {
      found += chunk.toString()
    })
    child.on('error', () => resolve(undefined))
    child.on('close', (code) => resolve(code === 0 ? found.trim() : undefined))
  })
}
