interface Init {
  params?: { path?: { id?: string }; query?: { asOfVersion?: number } }
}

/** A query about one thing is touched by that thing's events, and one about many by every event. */
export function isTouched(queryKey: readonly unknown[], ids: ReadonlySet<string>): boolean {
  const { params } = (queryKey[2] ?? {}) as Init
  // The past does not change.
  if (params?.query?.asOfVersion !== undefined) return false
  const id = params?.path?.id
  return id === undefined || ids.has(id)
}
