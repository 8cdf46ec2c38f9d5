import { contractOf } from '../saga/contract.ts'
import { returnDefinitions } from './steps.ts'

export const RETURN_SAGA = contractOf('ReturnSaga', returnDefinitions)
