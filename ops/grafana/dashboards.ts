import type { Dashboard, Panel } from './dashboard.ts'

/** The dashboards. `node --import tsx ops/grafana/write.ts` writes them as Grafana reads them; a test compares both. */

const RATE = '$__rate_interval'

/** Quantile of a histogram over a while. */
const quantile = (part: number, metric: string, by: string, matchers = '') =>
  `histogram_quantile(${part}, sum by (le, ${by}) (rate(${metric}_bucket${matchers}[${RATE}])))`

const OVERVIEW: Panel[] = [
  {
    title: 'Orders decided within 10 s',
    what: 'Part of the orders of the last hour, day and three days. The objective is 99 %.',
    docs: 'docs/runbook/objectives.md#orders-are-late',
    kind: 'stat',
    unit: 'percentunit',
    queries: ['1h', '1d', '3d'].map((window) => [window, `1 - ordersaga:orders_bad:ratio${window}`]),
  },
  {
    title: 'Intake available',
    what: 'Part of the requests that were answered without a fault of ours, less the time without an API. The objective is 99.9 %.',
    docs: 'docs/runbook/objectives.md#the-intake-is-not-available',
    kind: 'stat',
    unit: 'percentunit',
    queries: ['1h', '1d', '3d'].map((window) => [window, `1 - ordersaga:intake_failed:ratio${window}`]),
  },
  {
    title: 'Alerts that fire',
    what: 'By name and severity. Each has a section in the runbook.',
    docs: 'docs/runbook/alerts.md',
    kind: 'table',
    queries: [['{{alertname}} {{severity}}', 'sum by (alertname, severity) (ALERTS{alertstate="firing"})']],
  },
  {
    title: 'Burn rate of orders',
    what: '1 spends the budget of 28 days in 28 days. 14.4 for an hour pages.',
    docs: 'docs/runbook/objectives.md#orders-are-late',
    queries: ['5m', '1h', '6h', '3d'].map((window) => [window, `ordersaga:orders_bad:ratio${window} / 0.01`]),
  },
  {
    title: 'Burn rate of the intake',
    what: '1 spends the budget of 28 days in 28 days. 14.4 for an hour pages.',
    docs: 'docs/runbook/objectives.md#the-intake-is-not-available',
    queries: ['5m', '1h', '6h', '3d'].map((window) => [
      window,
      `ordersaga:intake_failed:ratio${window} / 0.001`,
    ]),
  },
  {
    title: 'Orders late and undecided',
    what: 'Taken in more than ten seconds ago.',
    docs: 'docs/runbook/objectives.md#orders-are-late',
    queries: [['orders', 'max(ordersaga_orders_late)']],
  },
]

const ORDERS: Panel[] = [
  {
    title: 'Taken in',
    what: 'Orders, transfers and returns a second.',
    unit: 'reqps',
    queries: [['{{kind}}', `sum by (kind) (rate(ordersaga_sagas_begun_total[${RATE}]))`]],
  },
  {
    title: 'Decided',
    what: 'By outcome.',
    unit: 'reqps',
    queries: [
      ['{{kind}} {{outcome}}', `sum by (kind, outcome) (rate(ordersaga_sagas_ended_total[${RATE}]))`],
    ],
  },
  {
    title: 'Why they turned back',
    what: 'By reason, a second.',
    unit: 'reqps',
    queries: [
      ['{{kind}} {{code}}', `sum by (kind, code) (rate(ordersaga_compensations_begun_total[${RATE}]))`],
    ],
  },
  {
    title: 'Until an order is decided',
    what: 'Median, 95 and 99 of 100.',
    unit: 's',
    docs: 'docs/runbook/objectives.md#orders-are-late',
    queries: [0.5, 0.95, 0.99].map((part) => [
      `${part} {{outcome}}`,
      quantile(part, 'ordersaga_saga_seconds', 'outcome', '{kind="order"}'),
    ]),
  },
  {
    title: 'Intake by answer',
    what: 'No code: it was taken in.',
    unit: 'reqps',
    docs: 'docs/runbook/overload.md',
    queries: [
      [
        '{{intake}} {{status}} {{code}}',
        `sum by (intake, status, code) (rate(ordersaga_intake_requests_total[${RATE}]))`,
      ],
    ],
  },
  {
    title: 'Until the intake answers',
    what: '99 of 100.',
    unit: 's',
    docs: 'docs/runbook/overload.md',
    queries: [['{{intake}}', quantile(0.99, 'ordersaga_intake_seconds', 'intake')]],
  },
  {
    title: 'Steps that wait',
    what: 'Now, by step.',
    docs: 'docs/runbook/providers.md#orders-wait',
    queries: [['{{kind}} {{step}}', 'max by (kind, step) (ordersaga_waiting_steps)']],
  },
  {
    title: 'Steps that are parked',
    what: 'Now, by step; and how many were parked or undone.',
    docs: 'docs/runbook/parked-orders.md',
    queries: [
      ['parked now: {{kind}} {{step}}', 'max by (kind, step) (ordersaga_parked_steps)'],
      ['parked in 5 min: {{kind}}', 'sum by (kind) (increase(ordersaga_steps_parked_total[5m]))'],
      ['undone in 5 min: {{step}}', 'sum by (step) (increase(ordersaga_steps_undone_total[5m]))'],
    ],
  },
  {
    title: 'Starts, wakes and orphans',
    what: 'What is to be started or woken, and what has lost its workflow.',
    docs: 'docs/runbook/temporal.md',
    queries: [
      ['to be started', 'max(ordersaga_start_backlog)'],
      ['to be woken', 'max(ordersaga_wake_backlog)'],
      ['orphans', 'max(ordersaga_orphans)'],
      ['{{verdict}} in 5 min', 'sum by (verdict) (increase(ordersaga_orphans_found_total[5m]))'],
    ],
  },
  {
    title: 'Oldest that is not started',
    what: 'An alert above ten seconds.',
    unit: 's',
    docs: 'docs/runbook/temporal.md#orders-stay-pending',
    queries: [
      ['start', 'max(ordersaga_start_lag_seconds)'],
      ['reaction', 'max(ordersaga_reaction_lag_seconds)'],
    ],
  },
]

const PROVIDERS: Panel[] = [
  {
    title: 'Breakers',
    what: '0 closed, 1 half-open, 2 open, in each process.',
    docs: 'docs/runbook/providers.md#a-breaker-stays-open',
    queries: [
      [
        '{{provider}} {{process}} {{instance}}',
        'max by (provider, process, instance) (ordersaga_provider_breaker_state)',
      ],
    ],
  },
  {
    title: 'Moves of breakers',
    what: 'In five minutes. Many: the provider is unstable.',
    docs: 'docs/runbook/providers.md#a-breaker-stays-open',
    queries: [
      [
        '{{provider}} {{to}}',
        'sum by (provider, to) (increase(ordersaga_provider_breaker_transitions_total[5m]))',
      ],
    ],
  },
  {
    title: 'Calls that were not made',
    what: 'By reason, a second.',
    unit: 'reqps',
    docs: 'docs/runbook/providers.md#orders-wait',
    queries: [
      [
        '{{provider}} {{why}}',
        `sum by (provider, why) (rate(ordersaga_provider_calls_rejected_total[${RATE}]))`,
      ],
    ],
  },
  {
    title: 'Calls under way',
    what: 'Of those that there may be.',
    unit: 'percentunit',
    docs: 'docs/runbook/overload.md',
    queries: [
      [
        '{{provider}}',
        'sum by (provider) (ordersaga_provider_calls_in_use) / sum by (provider) (ordersaga_provider_calls_max)',
      ],
    ],
  },
  {
    title: 'Adaptive limit',
    what: 'Where ADAPTIVE_CONCURRENCY is on.',
    docs: 'docs/hedging.md',
    queries: [
      ['{{provider}} {{instance}}', 'min by (provider, instance) (ordersaga_provider_concurrency_limit)'],
    ],
  },
  {
    title: 'Hedged reads',
    what: 'Sent a second time, and answered by the second copy.',
    unit: 'reqps',
    docs: 'docs/hedging.md',
    queries: [
      ['{{provider}} {{what}}', `sum by (provider, what) (rate(ordersaga_provider_hedges_total[${RATE}]))`],
    ],
  },
  {
    title: 'Attempts',
    what: 'By how they ended, a second.',
    unit: 'reqps',
    docs: 'docs/runbook/parked-orders.md#error-classes',
    queries: [
      ['{{activity}} {{outcome}}', `sum by (activity, outcome) (rate(ordersaga_attempts_total[${RATE}]))`],
    ],
  },
  {
    title: 'How long attempts take',
    what: '95 of 100.',
    unit: 's',
    docs: 'docs/runbook/providers.md',
    queries: [['{{activity}}', quantile(0.95, 'ordersaga_attempt_seconds', 'activity')]],
  },
]

const EVENTS: Panel[] = [
  {
    title: 'Outbox',
    what: 'Events that wait to be published.',
    docs: 'docs/runbook/events.md#the-outbox-grows',
    queries: [['events', 'max(ordersaga_outbox_depth)']],
  },
  {
    title: 'Age of the oldest event',
    what: 'Until it is published, and until each read model has applied it. An alert above 30 s.',
    unit: 's',
    docs: 'docs/runbook/events.md#a-read-model-is-behind',
    queries: [
      ['outbox', 'max(ordersaga_outbox_lag_seconds)'],
      ['{{projection}}', 'max by (projection) (ordersaga_projection_lag_seconds)'],
    ],
  },
  {
    title: 'Events',
    what: 'Published, not stored by the broker, and applied, a second.',
    unit: 'reqps',
    docs: 'docs/runbook/events.md',
    queries: [
      ['published', `sum(rate(ordersaga_events_published_total[${RATE}]))`],
      ['not stored', `sum(rate(ordersaga_relay_publish_failures_total[${RATE}]))`],
      ['applied: {{consumer}}', `sum by (consumer) (rate(ordersaga_events_consumed_total[${RATE}]))`],
    ],
  },
  {
    title: 'Dead letters',
    what: 'By consumer and state.',
    docs: 'docs/runbook/dead-letters.md',
    queries: [
      ['{{consumer}} {{state}}', 'max by (consumer, state) (ordersaga_dead_letters)'],
      ['no events: {{consumer}}', 'sum by (consumer) (increase(ordersaga_foreign_messages_total[5m]))'],
    ],
  },
  {
    title: 'Leaders',
    what: 'One of each.',
    docs: 'docs/runbook/events.md#no-process-leads',
    queries: [
      ['relay', 'sum(ordersaga_relay_is_leader)'],
      ['projector', 'sum(ordersaga_projector_is_leader)'],
      ['choreography', 'sum(ordersaga_choreography_is_leader)'],
    ],
  },
]

const PROCESSES: Panel[] = [
  {
    title: 'Up',
    what: '1: its metrics are answered.',
    docs: 'docs/runbook/processes.md#a-process-is-down',
    queries: [['{{process}} {{instance}}', 'up{job="ordersaga"}']],
  },
  {
    title: 'Delay of the event loop',
    what: '99 of 100.',
    unit: 's',
    docs: 'docs/runbook/overload.md',
    queries: [['{{process}} {{instance}}', 'nodejs_eventloop_lag_p99_seconds']],
  },
  {
    title: 'CPU',
    what: 'Cores that are used.',
    queries: [['{{process}} {{instance}}', `rate(process_cpu_seconds_total[${RATE}])`]],
  },
  {
    title: 'Memory',
    what: 'Resident.',
    unit: 'bytes',
    queries: [['{{process}} {{instance}}', 'process_resident_memory_bytes']],
  },
  {
    title: 'Connections to PostgreSQL',
    what: 'Busy, and requests that wait for one.',
    docs: 'docs/architecture/limits.md#connections-to-postgresql',
    queries: [
      [
        '{{process}} {{pool}} {{state}}',
        'sum by (process, pool, state) (ordersaga_database_connections{state=~"busy|waiting"})',
      ],
    ],
  },
  {
    title: 'Invariants',
    what: '1: the check found a violation.',
    docs: 'docs/runbook/invariants.md',
    queries: [['{{check}}', 'max by (check) (ordersaga_invariant_broken)']],
  },
  {
    title: 'Invariants: age and duration of the last run',
    what: 'An alert when the last run is older than an hour.',
    unit: 's',
    docs: 'docs/runbook/invariants.md#the-invariants-are-not-checked',
    queries: [
      ['age', 'min(ordersaga_invariants_age_seconds)'],
      ['duration', 'max(ordersaga_invariants_run_seconds)'],
    ],
  },
  {
    title: 'Clocks',
    what: 'How far they are ahead of the clock of the process.',
    unit: 's',
    docs: 'docs/runbook/clocks.md',
    queries: [['{{clock}} {{process}} {{instance}}', 'ordersaga_clock_skew_seconds']],
  },
  {
    title: 'Disk of DATA_DIR',
    what: 'Part that is free.',
    unit: 'percentunit',
    docs: 'docs/runbook/database.md#the-disk-is-nearly-full',
    queries: [['{{instance}}', 'ordersaga_disk_free_bytes / ordersaga_disk_size_bytes']],
  },
  {
    title: 'Refused callers',
    what: 'By code and cause, a second.',
    unit: 'reqps',
    docs: 'docs/identity.md',
    queries: [
      [
        '{{code}} {{cause}} {{recorded}}',
        `sum by (code, cause, recorded) (rate(ordersaga_refused_requests_total[${RATE}]))`,
      ],
    ],
  },
]

export const DASHBOARDS: readonly Dashboard[] = [
  { uid: 'ordersaga-overview', title: 'OrderSaga: objectives', panels: OVERVIEW },
  { uid: 'ordersaga-orders', title: 'OrderSaga: orders', panels: ORDERS },
  { uid: 'ordersaga-providers', title: 'OrderSaga: providers', panels: PROVIDERS },
  { uid: 'ordersaga-events', title: 'OrderSaga: events and read models', panels: EVENTS },
  { uid: 'ordersaga-processes', title: 'OrderSaga: processes', panels: PROCESSES },
]
