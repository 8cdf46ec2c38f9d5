import type { Journal } from '../domain/saga/journal.ts'
import type { AttemptPorts } from './attempt.ts'
import { createJournalActivities } from './journal.ts'

export function createTransferActivities(journal: Journal, ports: AttemptPorts) {
  const { begin, note, cancel, close } = createJournalActivities(journal, ports)
  return {
    beginTransferCompensation: begin('beginTransferCompensation'),
    noteTransferProgress: note('noteTransferProgress'),
    cancelTransfer: cancel('cancelTransfer'),
    closeTransfer: close('closeTransfer'),
  }
}
