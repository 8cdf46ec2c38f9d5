/** What each check demands. A check that is not here is shown by its name. */
const WORDS: Readonly<Record<string, readonly [title: string, rule: string]>> = {
  money: [
    'Money',
    'A completed order has exactly one charge, of its amount and currency. A rejected or cancelled order has none. A refunded return has given back its amount.',
  ],
  stock: [
    'Stock',
    'Available, reserved and sold add up to what was received. A completed order has sold its lines; no other terminal order has.',
  ],
  shipments: [
    'Shipments',
    'A completed order has exactly one live shipment, or none if all its products are digital. A rejected or cancelled order has none.',
  ],
  'gift-wrappings': [
    'Gift wrappings',
    'A completed order that is a gift is wrapped. One that was rejected or cancelled is unwrapped again.',
  ],
  loyalty: [
    'Loyalty points',
    'A completed order has 1 point for each full 100 minor units that were not returned. A rejected or cancelled order has 0.',
  ],
  returns: [
    'Returns',
    'No more of an order is returned than was sold. A return that was received is back in stock; no other is.',
  ],
  'money-at-gateway': [
    'Money, at the gateway',
    'The payment gateway’s own ledger has the same charges as the orders.',
  ],
  'refunds-at-gateway': [
    'Refunds, at the gateway',
    'The payment gateway’s own ledger has exactly one refund for each refunded return, of its amount, and none for any other.',
  ],
  'shipments-at-carrier': [
    'Shipments, at the carrier',
    'The carrier’s own ledger has the same shipments as the orders.',
  ],
  fences: [
    'Step records',
    'The record of each step agrees with its effect. A rejected or cancelled order has no step that is still owed.',
  ],
  versions: [
    'Event streams',
    'Each stream has its versions without gaps, and each event is published or waits in the outbox.',
  ],
  status: ['Status and events', 'The events of an order, applied in order, give the state that its row has.'],
  'order-of-events': ['Order of events', 'After the first undo of an order, no step of it runs forward.'],
  'dead-letters': [
    'Dead letters',
    'Each event that a consumer could not process is kept as a dead letter. None is skipped.',
  ],
  orphans: [
    'Orphans',
    'Each order, return and transfer that is open has a workflow that runs it, or is parked.',
  ],
  reconciliation: [
    'Reconciliation',
    'No difference between our record and the providers is open: each that two runs have seen is settled.',
  ],
  accounts: ['Accounts', 'No account has a negative balance at any version.'],
  transfers: [
    'Transfers',
    'A completed transfer moved its amount exactly once. One that was undone returned what it took.',
  ],
}

export function wordsOf(name: string): { title: string; rule: string | undefined } {
  const [title = name, rule] = WORDS[name] ?? []
  return { title, rule }
}
