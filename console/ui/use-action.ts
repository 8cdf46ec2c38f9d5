import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useToast } from './toast.tsx'

export interface ActionOptions<Input, Output> {
  act: (input: Input) => Promise<Output>
  /** What is said of it when it has succeeded. */
  done: string | ((output: Output) => string)
  /** Called first then, e.g. to close the dialog. */
  onDone: (output: Output) => void
}

/** Something that a person does to the system: what may have changed by it is read again. */
export function useAction<Input, Output>({ act, done, onDone }: ActionOptions<Input, Output>) {
  const toast = useToast()
  const queries = useQueryClient()
  return useMutation({
    mutationFn: act,
    onSuccess(output) {
      onDone(output)
      toast(typeof done === 'string' ? done : done(output))
      void queries.invalidateQueries()
    },
  })
}
