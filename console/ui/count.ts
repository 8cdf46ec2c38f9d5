const FORMAT = new Intl.NumberFormat()

/** E.g. `1,240`. */
export const formatCount = (value: number): string => FORMAT.format(value)
