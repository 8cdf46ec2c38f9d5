import type { Command } from 'commander'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface Word {
  text: string
  description: string
}

/** What can follow the words so far, e.g. `order-saga parked`. */
interface Place {
  at: string
  commands: readonly Word[]
  options: readonly Word[]
}

/**
 * A script that completes the commands and options of a program. It holds all of them, so that a shell need not start the
 * program at each press of the tab key.
 */
export function completionOf(program: Command, shell: Shell): string {
  const places = placesOf(program, program.name())
  switch (shell) {
    case 'bash':
      return bash(program.name(), places)
    case 'zsh':
      return zsh(program.name(), places)
    case 'fish':
      return fish(program.name(), places)
  }
}

function placesOf(command: Command, at: string, inherited: readonly Word[] = []): Place[] {
  const options = [
    ...command.options.flatMap(({ long, description }) =>
      typeof long === 'string' ? [{ text: long, description }] : [],
    ),
    ...inherited,
  ]
  const commands = command.commands.map((child) => ({ text: child.name(), description: child.description() }))
  const below = command.commands.flatMap((child) =>
    placesOf(child, `${at} ${child.name()}`, inherited.length > 0 ? inherited : options),
  )
  const help = { text: '--help', description: 'show the help' }
  return [{ at, commands, options: [...options, help] }, ...below]
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

const wordsOf = ({ commands, options }: Place): string =>
  [...commands, ...options].map(({ text }) => text).join(' ')

const functionOf = (name: string): string => `_${name.replaceAll('-', '_')}`

const pathsOf = (places: readonly Place[]): string =>
  places
    .slice(1)
    .map(({ at }) => quoted(at))
    .join(' | ')

const casesOf = (places: readonly Place[]): string =>
  places.map((place) => `    ${quoted(place.at)}) words=${quoted(wordsOf(place))} ;;`).join('\n')

const bash = (name: string, places: readonly Place[]): string => `${functionOf(name)}() {
  local current=\${COMP_WORDS[COMP_CWORD]} at=${name} words= word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$at $word" in
      ${pathsOf(places)}) at="$at $word" ;;
    esac
  done
  case "$at" in
${casesOf(places)}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F ${functionOf(name)} ${name}`

const zsh = (name: string, places: readonly Place[]): string => `#compdef ${name}
${functionOf(name)}() {
  local at=${name} words_here= word
  for word in "\${(@)words[2,CURRENT-1]}"; do
    case "$at $word" in
      ${pathsOf(places)}) at="$at $word" ;;
    esac
  done
  case "$at" in
${casesOf(places).replaceAll(') words=', ') words_here=')}
  esac
  compadd -- \${=words_here} || _files
}
compdef ${functionOf(name)} ${name}`

const fish = (name: string, places: readonly Place[]): string => {
  const path = `_${functionOf(name)}_path`
  const lines = places.flatMap(({ at, commands, options }) => {
    const here = `complete -c ${name} -n ${quoted(`test (${path}) = "${at}"`)}`
    return [
      ...commands.map(({ text, description }) => `${here} -f -a ${text} -d ${quoted(description)}`),
      ...options.map(({ text, description }) => `${here} -l ${text.slice(2)} -d ${quoted(description)}`),
    ]
  })
  return `function ${path}
  set -l at ${name}
  for word in (commandline -opc)[2..-1]
    switch "$at $word"
      case ${places
        .slice(1)
        .map(({ at }) => quoted(at))
        .join(' ')}
        set at "$at $word"
    end
  end
  echo $at
end
${lines.join('\n')}`
}
