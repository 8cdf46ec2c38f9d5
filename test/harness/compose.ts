import { spawnSync } from 'node:child_process'

/** How Docker Compose is called here: the command and its first arguments. Undefined where it is not installed. */
export const findCompose = (): readonly string[] | undefined =>
  [['docker-compose'], ['docker', 'compose']].find(
    ([command = '', ...args]) => spawnSync(command, [...args, 'version']).status === 0,
  )

export const COMPOSE_MISSING =
  'docker-compose.yml was not checked, because Docker Compose is not installed. ' +
  'Install it (Debian and Ubuntu: apt-get install docker-compose) and run the tests again.'
