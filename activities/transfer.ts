import type { Journal } from '../domain/saga/journal.ts'
import type { AttemptPorts } from './attempt.ts'
import { createJournalActivities } from './journal.ts'

export function createTransferActivities(journal: Journal, ports: AttemptPorts) {
  const { begin, note, close } = createJournalActivities(journal, ports)
  return {
    beginTransferCompensation: begin('beginTransferCompensation'),
    noteTransferProgress: note('noteTransferProgress'),
    closeTransfer: close('closeTransfer'),
  }
}
