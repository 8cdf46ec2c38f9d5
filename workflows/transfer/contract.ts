import { contractOf } from '../saga/contract.ts'
import { transferDefinitions } from './steps.ts'

export const TRANSFER_SAGA = contractOf('TransferSaga', transferDefinitions)
