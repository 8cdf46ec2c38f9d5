/** An order that is carried out when it is taken in. */
export async function emptyOrder(): Promise<void> {}
