interface Counts {
  passed: number
  failed: number
}

/** What of the record of a run is counted. */
interface Recorded {
  ScenarioFinished?: { phase: string; status: string; recorder: { label: string } }
  NonFatalError?: { phase: string; label: string }
}

/**
 * Counts the record of a run. One test is one operation in one phase (examples, coverage, fuzzing), with all its cases;
 * the sequences of requests of the last phase are one test together. What had nothing to try is not counted.
 */
export function countVerdicts(record: string): Counts {
  const hasPassed = new Map<string, boolean>()
  for (const line of record.split('\n').filter((text) => text !== '')) {
    const { ScenarioFinished: finished, NonFatalError: error } = JSON.parse(line) as Recorded
    if (error !== undefined) hasPassed.set(`${error.phase} ${error.label}`, false)
    if (finished === undefined || finished.status === 'skip') continue
    const name = `${finished.phase} ${finished.recorder.label}`
    hasPassed.set(name, finished.status === 'success' && hasPassed.get(name) !== false)
  }
  const passed = [...hasPassed.values()].filter(Boolean).length
  return { passed, failed: hasPassed.size - passed }
}
