import { existsSync, readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { z } from 'zod'
import { API_KEY } from './api-key.ts'
import { isLoopback } from './loopback.ts'
import { perProvider, PROVIDER_NAMES, type PerProvider, type ProviderName } from './providers.ts'

/**
 * The only reader of the environment. Every setting has a default that works on one machine, so an empty
 * environment is a valid one; a wrong value stops the process before it does anything.
 */
const port = z.coerce.number().int().min(0).max(65_535)
const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== ''),
  )

const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\//, 'must begin with postgresql://')
  .refine((text) => URL.canParse(text), 'is no URL: write signs like % and / in its password as %25 and %2F')
  .optional()

const origin = z
  .url({ protocol: /^https?$/ })
  .refine((text) => new URL(text).origin === text, 'must be an origin, e.g. https://shop.example')

const API_KEY_FORM = 'os_<id>_<secret>, with a secret of 32 to 128 letters, digits, _ and -'

const schema = z.object({
  /** As everywhere in Node: `production` is where nothing is served by default that is for development. */
  NODE_ENV: z.string().optional(),

  /** `postgresql://…`, of a role that need not own the tables; without it `npm start` runs its own PostgreSQL. */
  DATABASE_URL: postgresUrl,
  /** The same database, for the role that owns the tables; without it the migrator uses DATABASE_URL. */
  MIGRATE_DATABASE_URL: postgresUrl,
  /** Where `npm start` lets its own PostgreSQL listen. */
  POSTGRES_PORT: port.default(5433),
  /** Connections to PostgreSQL per process. */
  DATABASE_POOL: z.coerce.number().int().min(1).max(64).default(8),

  /** `host:port` of a Temporal frontend; without it `npm start` runs a development server. */
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  /** Of Temporal Cloud. With it, TLS is used unless TEMPORAL_TLS says otherwise. */
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TEMPORAL_TLS: z.stringbool().optional(),
  /** PEM files: who signed the server's certificate, and what this side shows. */
  TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().min(1).optional(),
  TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().min(1).optional(),
  TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().min(1).optional(),
  /** The name in the server's certificate, where it is not that of its address. */
  TEMPORAL_TLS_SERVER_NAME: z.string().min(1).optional(),
  TEMPORAL_PORT: port.default(7233),
  TEMPORAL_UI_PORT: port.default(8233),
  /** Base URL of the Temporal UI, for the links in answers. */
  TEMPORAL_UI_URL: z.url().optional(),
  /** The `temporal` executable, when it is not on the PATH. */
  TEMPORAL_CLI_PATH: z.string().min(1).optional(),
  /** The time-skipping test server's executable; only tests use it. */
  TEMPORAL_TEST_SERVER_PATH: z.string().min(1).optional(),

  /** What carries the events: the database, or NATS JetStream. */
  EVENT_TRANSPORT: z.enum(['postgres', 'nats']).default('postgres'),
  /** `nats://…`; without it `npm start` runs a server when NATS is what carries the events. */
  NATS_URL: z
    .string()
    .regex(/^(nats|tls|ws|wss):\/\//, 'must begin with nats://')
    .optional(),
  NATS_PORT: port.default(4222),
  /** The `nats-server` executable, when it is not on the PATH. */
  NATS_SERVER_PATH: z.string().min(1).optional(),

  /** Servers on other machines to which a connection without TLS is accepted. */
  ALLOW_INSECURE: list.pipe(z.array(z.enum(['temporal', 'nats', 'postgres', 'jwks', 'otlp']))),

  /** Where the servers listen; 0.0.0.0 inside containers. */
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.default(3000),
  SANDBOX_PORT: port.default(3100),
  /** Base URL of the sandbox, which plays every provider that is not named. */
  SANDBOX_URL: z.url().optional(),
  /**
   * Whether the API serves `/development`, to break the sandbox and kill processes. Without it `npm start` does, where
   * the sandbox is its own and NODE_ENV is not `production`; nothing else does. Where NODE_ENV is `production`, it is
   * also what lets the sandbox run.
   */
  SANDBOX: z.stringbool().optional(),
  /** Base URLs of the providers, e.g. `PAYMENT_URL`. */
  ...providerSettings(),

  /** The key of the admin who makes the other keys. A secret. */
  BOOTSTRAP_ADMIN_KEY: z.string().regex(API_KEY, `must have the form ${API_KEY_FORM}`).optional(),
  /** A file that holds it, where the variable itself is not set. `cli/admin-key.ts` makes one. */
  BOOTSTRAP_ADMIN_KEY_FILE: z.string().min(1).optional(),

  /** Orders that the API takes in at once; what is over that is answered with 503 at once. */
  INTAKE_MAX: z.coerce.number().int().min(1).default(400),
  /** Streams of events that the API keeps open, in all and for one address; more is answered with 503. */
  STREAMS_MAX: z.coerce.number().int().min(1).default(1000),
  STREAMS_PER_ADDRESS_MAX: z.coerce.number().int().min(1).default(500),
  /** Connections to the API, in all and from one address; one more is answered with 503. A proxy is one address. */
  CONNECTIONS_MAX: z.coerce.number().int().min(1).default(4000),
  CONNECTIONS_PER_ADDRESS_MAX: z.coerce.number().int().min(1).default(2000),
  /**
   * The proxies in front of the API: how many there are, or their addresses or networks, comma separated. They say in
   * X-Forwarded-For which address a request comes from; without them the header is ignored.
   */
  TRUST_PROXY: list.refine(
    areProxies,
    'must be how many proxies there are (1 to 9), or their addresses or networks, e.g. 10.0.0.0/8',
  ),
  /** `required`: nobody is served without a credential, on this machine neither. */
  AUTH: z.enum(['', 'required']).optional(),
  /** The public keys of who issues tokens, as a JSON Web Key Set: where it is served, or a file. */
  AUTH_JWKS_URL: z.url({ protocol: /^https?$/ }).optional(),
  AUTH_JWKS_FILE: z.string().min(1).optional(),
  /** What a token must say of its issuer, and for whom it is. */
  AUTH_ISSUER: z.string().min(1).optional(),
  AUTH_AUDIENCE: z.string().min(1).optional(),
  /** The claims of a token with its roles and, for the role customer, who that is. */
  AUTH_ROLES_CLAIM: z.string().min(1).default('roles'),
  AUTH_CUSTOMER_CLAIM: z.string().min(1).default('customer_id'),
  /** By which names clients know the API, without ports; else the names of this machine's loopback, and HOST. */
  ALLOWED_HOSTS: list,
  /** Pages of these origins may call the API from a browser. */
  CORS_ORIGINS: list.pipe(z.array(origin)),
  /** Where the operator console is built; without it, `npm start` builds it, and the API alone serves none. */
  CONSOLE_DIR: z.string().min(1).optional(),
  /** Requests per second that one caller may make, and changes that a customer may; more is answered with 429. */
  RATE_LIMIT_PER_SECOND: z.coerce.number().int().min(1).default(1000),
  CUSTOMER_WRITES_PER_SECOND: z.coerce.number().int().min(1).default(20),
  /** Where a process serves its metrics; npm start counts up from here. 0: nowhere. */
  METRICS_PORT: port.default(9464),

  /** Base URL of an OpenTelemetry collector that takes OTLP over HTTP. Without it there are no traces. */
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  /** The share of requests whose trace is recorded, where the client does not say: 0 to 1. */
  OTEL_TRACES_SAMPLER_ARG: z.coerce.number().min(0).max(1).default(1),
  /** Where a person looks at a trace, with `{traceId}` in it. */
  TRACE_UI_URL: z
    .url({ protocol: /^https?$/ })
    .refine((text) => text.includes('{traceId}'), 'must contain {traceId}')
    .optional(),
  /** A saga that has work left and has not moved for so long is looked for at Temporal. */
  ORPHAN_AFTER_SECONDS: z.coerce.number().min(0.1).max(3600).default(30),
  /** The API checks the invariants so often, for their metric; less often where a run takes long. */
  INVARIANTS_INTERVAL_SECONDS: z.coerce.number().min(1).max(1800).default(300),
  /** What is personal of an order is erased so many days after its end; kept until that is wished, where it is not set. */
  PERSONAL_DATA_DAYS: z.coerce.number().int().min(1).max(10_000).optional(),

  /** When the providers' lists are compared with our record: each day at this time of UTC, or `off`. */
  RECONCILE_AT: z
    .string()
    .regex(/^(off|([01]\d|2[0-3]):[0-5]\d)$/, 'must be a time of UTC such as 03:10, or off')
    .default('03:10'),
  /** Instead of that, this many minutes after the last time. */
  RECONCILE_EVERY_MINUTES: z.coerce.number().int().min(1).max(10_080).optional(),
  /** How far back such a run looks: longer than from one to the next. */
  RECONCILE_WINDOW_MINUTES: z.coerce.number().int().min(1).max(527_040).default(1500),
  /** What has changed within so many seconds is left to the next run. */
  RECONCILE_AFTER_SECONDS: z.coerce.number().min(0).max(86_400).default(60),
  /** Calls per second that a run makes to a provider at most. */
  RECONCILE_CALLS_PER_SECOND: z.coerce.number().min(0.1).max(1000).default(100),

  /** Put before every task queue's name, so that systems can share a Temporal namespace. */
  TASK_QUEUE_PREFIX: z
    .string()
    .regex(/^[a-z0-9-]*$/)
    .default(''),
  /** How long Temporal waits for a worker that has taken a workflow task, in milliseconds. */
  WORKFLOW_TASK_TIMEOUT_MS: z.coerce.number().int().min(1000).max(60_000).default(4000),
  /** Steps that always go to their participant's queue instead of being tried locally first, comma separated. */
  DISPATCH_QUEUE: list,
  /** Factor on every wait of a new saga; 1 in production, less in tests and demonstrations. */
  SAGA_PACE: z.coerce.number().min(0.001).max(10).default(1),
  /** Whether a read at a provider that is late is sent a second time; five in a hundred at most. */
  HEDGED_READS: z.stringbool().default(true),
  /** Whether the calls at once to a provider follow from how long they take, instead of its fixed slots. */
  ADAPTIVE_CONCURRENCY: z.stringbool().default(false),
  /** A compiled workflow bundle; without it a worker compiles its own. */
  WORKFLOW_BUNDLE: z.string().min(1).optional(),
  /** `step:point=kill|stop`, comma separated: dies or freezes there, once per process. For kill tests. */
  FAILPOINTS: list,

  /** Set by the supervisor for the processes it starts. */
  SUPERVISED: z.stringbool().default(false),
  /** Where `npm start` keeps its databases and logs. */
  DATA_DIR: z.string().min(1).default('.data'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
})

function areProxies(given: readonly string[]): boolean {
  return (given.length === 1 && /^[1-9]$/.test(given[0] ?? '')) || given.every(isNetwork)
}

function isNetwork(text: string): boolean {
  const [address = '', bits = '32', ...more] = text.split('/')
  const bitsMax = { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0
  return more.length === 0 && /^[1-9]\d{0,2}$/.test(bits) && Number(bits) <= bitsMax
}

export type Config = Readonly<z.infer<typeof schema>>

/**
 * Reads the environment, and `.env` where it lies in the working directory (the environment wins).
 * @throws Error that names each wrong variable, never its value.
 */
export function readConfig(env: NodeJS.ProcessEnv = process.env): Config {
  if (env === process.env) {
    if (existsSync('.env')) process.loadEnvFile('.env')
    exemptLoopback(env)
  }
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''))
  const parsed = schema.superRefine(requireTls).superRefine(requireBothUrls).safeParse(given)
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`)
    throw new Error(`The configuration is wrong:\n${faults.join('\n')}\n.env.example lists every variable.`)
  }
  return Object.freeze(parsed.data)
}

/** Orders, money and passwords do not leave this machine in the clear, unless the configuration says that they may. */
function requireTls(config: Config, context: z.RefinementCtx): void {
  const { DATABASE_URL, MIGRATE_DATABASE_URL, TEMPORAL_ADDRESS, NATS_URL } = config
  const insecure = (name: (typeof config.ALLOW_INSECURE)[number], variable: string, advice: string) => {
    if (config.ALLOW_INSECURE.includes(name)) return
    const message = `leads to another machine without TLS: ${advice}, or add ${name} to ALLOW_INSECURE`
    context.addIssue({ code: 'custom', path: [variable], message })
  }
  for (const [variable, url] of Object.entries({ DATABASE_URL, MIGRATE_DATABASE_URL }))
    if (
      url !== undefined &&
      isElsewhere(hostOf(url)) &&
      !/[?&](sslmode=(require|verify-ca|verify-full|no-verify)|ssl=(true|1))\b/.test(url)
    )
      insecure('postgres', variable, 'add sslmode=verify-full to it')
  const { TEMPORAL_API_KEY, TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_PATH } = config
  const bringsTls = [TEMPORAL_API_KEY, TEMPORAL_TLS_SERVER_CA_CERT_PATH, TEMPORAL_TLS_CLIENT_CERT_PATH]
  const isOverTls = config.TEMPORAL_TLS ?? bringsTls.some((setting) => setting !== undefined)
  if (TEMPORAL_ADDRESS !== undefined && isElsewhere(TEMPORAL_ADDRESS.replace(/:\d+$/, '')) && !isOverTls)
    insecure('temporal', 'TEMPORAL_ADDRESS', 'set TEMPORAL_TLS=true')
  if (NATS_URL !== undefined && /^(nats|ws):/.test(NATS_URL) && isElsewhere(hostOf(NATS_URL)))
    insecure('nats', 'NATS_URL', 'begin it with tls://')
  const { AUTH_JWKS_URL } = config
  if (AUTH_JWKS_URL?.startsWith('http:') && isElsewhere(hostOf(AUTH_JWKS_URL)))
    insecure('jwks', 'AUTH_JWKS_URL', 'begin it with https://')
  const { OTEL_EXPORTER_OTLP_ENDPOINT } = config
  if (OTEL_EXPORTER_OTLP_ENDPOINT?.startsWith('http:') && isElsewhere(hostOf(OTEL_EXPORTER_OTLP_ENDPOINT)))
    insecure('otlp', 'OTEL_EXPORTER_OTLP_ENDPOINT', 'begin it with https://')
}

/** With the migrator's URL alone, a command would work on another database than the one that is meant. */
function requireBothUrls({ DATABASE_URL, MIGRATE_DATABASE_URL }: Config, context: z.RefinementCtx): void {
  if (MIGRATE_DATABASE_URL === undefined || DATABASE_URL !== undefined) return
  const message = 'is set and DATABASE_URL is not: set both, or neither'
  context.addIssue({ code: 'custom', path: ['MIGRATE_DATABASE_URL'], message })
}

/** The driver of PostgreSQL takes a host from the query, too. */
function hostOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  return url?.searchParams.get('host') ?? url?.hostname ?? ''
}

/** No host at all, or a path, is a socket of this machine. */
const isElsewhere = (host: string) => host !== '' && !host.startsWith('/') && !isLoopback(host)

/** gRPC goes through the shell's proxy even to this machine, unless `no_proxy` names it. */
function exemptLoopback(env: NodeJS.ProcessEnv): void {
  const own = ['127.0.0.1', 'localhost', '::1']
  for (const name of ['no_proxy', 'NO_PROXY', 'no_grpc_proxy']) {
    const others = (env[name] ?? env['no_proxy'] ?? env['NO_PROXY'] ?? '').split(',')
    env[name] = [...new Set([...others, ...own])].filter((host) => host !== '').join(',')
  }
}

/** The host of the configuration in a URL for this machine. */
export function urlHost({ HOST }: Config): string {
  if (HOST === '0.0.0.0') return '127.0.0.1'
  if (HOST === '::') return '[::1]'
  return HOST.includes(':') ? `[${HOST}]` : HOST
}

/** The database's URL, for a process that cannot do without. */
export function requireDatabaseUrl(config: Config): string {
  if (config.DATABASE_URL !== undefined) return config.DATABASE_URL
  throw new Error(
    'DATABASE_URL is not set. `npm start` sets it for the processes it starts; alone, a process needs it.',
  )
}

/** The database's URL for the migrator. */
export function migratorDatabaseUrl(config: Config): string {
  return config.MIGRATE_DATABASE_URL ?? requireDatabaseUrl(config)
}

/** The key of the admin who makes the other keys, where there is one: read by the API alone. */
export function bootstrapAdminKey(config: Config): string | undefined {
  const { BOOTSTRAP_ADMIN_KEY: key, BOOTSTRAP_ADMIN_KEY_FILE: file } = config
  return key ?? (file === undefined ? undefined : readAdminKey(file))
}

/** @throws Error that names the file, never what is in it. */
export function readAdminKey(file: string): string {
  const key = readFileSync(file, 'utf8').trim()
  if (API_KEY.test(key)) return key
  throw new Error(`BOOTSTRAP_ADMIN_KEY_FILE: ${file} holds no key of the form ${API_KEY_FORM}`)
}

/** `host:port` of the Temporal frontend. */
export function temporalAddress({ TEMPORAL_ADDRESS, TEMPORAL_PORT }: Config): string {
  return TEMPORAL_ADDRESS ?? `127.0.0.1:${TEMPORAL_PORT}`
}

/** Which broker carries the events, and its URL. */
export function eventTransport(config: Config): { kind: Config['EVENT_TRANSPORT']; url: string } {
  const { EVENT_TRANSPORT: kind, NATS_URL, NATS_PORT } = config
  if (kind === 'postgres') return { kind, url: requireDatabaseUrl(config) }
  return { kind, url: NATS_URL ?? `nats://127.0.0.1:${NATS_PORT}` }
}

type UrlVariable = `${Uppercase<ProviderName>}_URL`

export function urlVariable(name: ProviderName): UrlVariable {
  return `${name.toUpperCase()}_URL` as UrlVariable
}

function providerSettings() {
  const settings = PROVIDER_NAMES.map((name) => [urlVariable(name), z.url().optional()])
  return Object.fromEntries(settings) as Record<UrlVariable, z.ZodOptional<z.ZodURL>>
}

/** Base URLs of the providers; the sandbox plays those that are not named. */
export function providerUrls(config: Config): PerProvider<string> {
  return perProvider((name) => config[urlVariable(name)] ?? sandboxUrl(config))
}

/** Whether everything is as `npm start` has it by itself: the providers are its own sandbox, and it is no production. */
export function isForDevelopment({ NODE_ENV, SANDBOX_URL }: Config): boolean {
  return NODE_ENV !== 'production' && SANDBOX_URL === undefined
}

/**
 * Whether a request without a credential is the developer's: on a developer's own machine, while nothing says
 * otherwise. Where it is set up who may do what, or others are let in, that is not meant.
 */
export function isOpenMode(config: Config): boolean {
  const keys = [config.BOOTSTRAP_ADMIN_KEY, config.BOOTSTRAP_ADMIN_KEY_FILE]
  const tokens = [config.AUTH_JWKS_URL, config.AUTH_JWKS_FILE, config.AUTH_ISSUER, config.AUTH_AUDIENCE]
  return (
    // An empty setting is none.
    [config.AUTH, ...keys, ...tokens].every((setting) => (setting ?? '') === '') &&
    config.NODE_ENV !== 'production' &&
    config.TRUST_PROXY.length === 0 &&
    config.ALLOWED_HOSTS.length === 0 &&
    isLoopback(config.HOST)
  )
}

/** Who issues tokens; undefined where nobody does, or it is half set up. */
export function tokenIssuer(config: Config) {
  const { AUTH_JWKS_URL: url, AUTH_JWKS_FILE: file, AUTH_ISSUER: issuer, AUTH_AUDIENCE: audience } = config
  if ((url ?? file) === undefined || issuer === undefined || audience === undefined) return undefined
  return {
    url,
    file,
    issuer,
    audience,
    rolesClaim: config.AUTH_ROLES_CLAIM,
    customerClaim: config.AUTH_CUSTOMER_CLAIM,
  }
}

/** What to set where tokens are half set up, which the API alone minds. */
export function identityFault(config: Config): string | undefined {
  const { AUTH_JWKS_URL: url, AUTH_JWKS_FILE: file } = config
  if (url !== undefined && file !== undefined)
    return 'AUTH_JWKS_URL and AUTH_JWKS_FILE are both set: set one of them.'
  const given = [url ?? file, config.AUTH_ISSUER, config.AUTH_AUDIENCE]
  if (given.some((setting) => setting !== undefined) && tokenIssuer(config) === undefined)
    return 'Tokens are half set up: set AUTH_JWKS_URL (or AUTH_JWKS_FILE), AUTH_ISSUER and AUTH_AUDIENCE, or none of them.'
  return undefined
}

/** Whether the sandbox may run: money and parcels of production are not to be played, unless that is what is wanted. */
export function isSandboxAllowed({ NODE_ENV, SANDBOX }: Config): boolean {
  return NODE_ENV !== 'production' || SANDBOX === true
}

export function sandboxUrl(config: Config): string {
  return config.SANDBOX_URL ?? `http://${urlHost(config)}:${config.SANDBOX_PORT}`
}

/** When and how the providers' lists are compared with our record. */
export const reconciliationSettings = (config: Config) => ({
  schedule: {
    at: config.RECONCILE_AT,
    everyMinutes: config.RECONCILE_EVERY_MINUTES,
    windowMinutes: config.RECONCILE_WINDOW_MINUTES,
  },
  afterSeconds: config.RECONCILE_AFTER_SECONDS,
  callsPerSecond: config.RECONCILE_CALLS_PER_SECOND,
})

/** The task queue of a participant in this system. */
export function queueName({ TASK_QUEUE_PREFIX }: Config, participant: string): string {
  return TASK_QUEUE_PREFIX === '' ? participant : `${TASK_QUEUE_PREFIX}.${participant}`
}

/** The configuration as the environment of a process that is to have the same. */
export function asEnvironment(config: Config): Record<string, string> {
  const given = Object.entries(config).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    given.map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : String(value)]),
  )
}

/** The environment that a child process inherits, with `changes` applied. */
export function childEnvironment(changes: Record<string, string>): NodeJS.ProcessEnv {
  return { ...process.env, ...changes }
}
