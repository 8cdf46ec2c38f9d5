/** A way to carry out orders, that is compared with the others. */
export interface Contestant {
  name: string
  /** The Temporal that it needs: the development server, which keeps its histories in SQLite, or one on PostgreSQL. */
  temporal?: TemporalKind
  /** Brings up its processes; its front takes orders when this is done. */
  start(ground: Ground): Promise<Running>
}

export type TemporalKind = 'development' | 'postgres'

/** What a contestant stands on during one turn: fresh for each turn, and gone after it. */
export interface Ground {
  /** For its own data. */
  folder: string
  /** An empty database of a PostgreSQL that no other contestant uses: the superuser's URL, and those of two lesser roles. */
  database: { admin: string; migrator: string; application: string }
  /** Host and port, where the contestant asked for a Temporal. */
  temporalAddress: string
  /** How many units of each product there are. */
  stock: Readonly<Record<string, number>>
}

/** A contestant that takes orders. */
export interface Running {
  /** `POST /orders` below it takes the body of the API's, with an `Idempotency-Key`, and answers 202 with the `id`. */
  url: string
  /** What its orders say besides, e.g. how they are coordinated. */
  body?: Readonly<Record<string, unknown>>
  /** The outside world that it charges and ships with; an empty workflow has none. */
  sandboxUrl?: string
  /** Its own processes, without the servers of its ground: a part that crashed has another pid afterwards. */
  parts(): Part[]
  /** The orders that have ended since the call before, each once, with the time of its end by the clock of this machine. */
  ended(): Promise<Ended[]>
  /** The workflow of an order, where it is Temporal's. */
  workflowId?: (orderId: string) => string
  /** SIGKILLs each process that carries out orders, and starts it again, as its supervisor would. */
  crash(): Promise<void>
  stop(): Promise<void>
}

export interface Part {
  name: string
  pid: number
}

export interface Ended {
  id: string
  /** Milliseconds since 1970, to the microsecond. */
  atMs: number
  outcome: 'completed' | 'rejected'
}
