/** An order that is decided within this is decided in time: the objective in `ops/prometheus/rules/slo.yml` counts by it. */
export const DECIDED_WITHIN_SECONDS = 10
