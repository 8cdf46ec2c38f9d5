/** From RFC 3339 to what a field of local time holds, to the second. */
export function toLocal(time: string | undefined): string {
  const moment = new Date(time ?? Number.NaN)
  if (Number.isNaN(moment.getTime())) return ''
  return new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 19)
}

/** And back; undefined for what is no time. */
export function fromLocal(text: string): string | undefined {
  const moment = new Date(text)
  return text === '' || Number.isNaN(moment.getTime()) ? undefined : moment.toISOString()
}
