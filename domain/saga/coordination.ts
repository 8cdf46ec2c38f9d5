export const COORDINATIONS = ['orchestration', 'choreography'] as const

/** Who decides what comes next in a saga: one workflow, or each participant when it sees the events of the others. */
export type Coordination = (typeof COORDINATIONS)[number]
