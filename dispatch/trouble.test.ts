import { ServiceError } from '@temporalio/client'
import { expect, it } from 'vitest'
import { troubleOf } from './trouble.ts'

const grpcError = (code: number) => Object.assign(new Error('grpc'), { code, details: '', metadata: {} })

it.each([
  ['DEADLINE_EXCEEDED', grpcError(4), 'slow'],
  ['RESOURCE_EXHAUSTED', grpcError(8), 'busy'],
  ['UNAVAILABLE', grpcError(14), 'away'],
  ['PERMISSION_DENIED', grpcError(7), 'away'],
  ['INVALID_ARGUMENT', grpcError(3), 'none'],
  ['an error that wraps UNAVAILABLE', new ServiceError('Failed', { cause: grpcError(14) }), 'away'],
  ['a namespace that is not there', Object.assign(new Error(), { name: 'NamespaceNotFoundError' }), 'away'],
  ['an error of ours', new Error('No workflow runs it'), 'none'],
])('%s says of Temporal what it is', (_name, error, trouble) => {
  expect(troubleOf(error)).toBe(trouble)
})
