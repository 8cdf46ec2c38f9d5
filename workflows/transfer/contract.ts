import { contractOf } from '../saga/contract.ts'
import { transferSaga } from './steps.ts'

export const TRANSFER_SAGA = contractOf('TransferSaga', transferSaga)
