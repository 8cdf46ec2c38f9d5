/** Every page that has a place of its own, as the navigation, the palette and the keyboard know it. */
export const PAGES = [
  { to: '/tour', title: 'Guided tour', group: 'Learn', key: 't' },
  { to: '/', title: 'Overview', group: 'Watch', key: 'o' },
  { to: '/orders', title: 'Orders', group: 'Watch', key: 'r' },
  { to: '/accounts', title: 'Accounts', group: 'Watch', key: 'a' },
  { to: '/transfers', title: 'Transfers', group: 'Watch', key: 'x' },
  { to: '/failures', title: 'Failures', group: 'Operate', key: 'f' },
  { to: '/dead-letters', title: 'Dead letters', group: 'Operate', key: 'd' },
  { to: '/read-models', title: 'Read models', group: 'Operate', key: 'm' },
  { to: '/invariants', title: 'Invariants', group: 'Operate', key: 'i' },
  { to: '/maintenance', title: 'Maintenance', group: 'Operate', key: 'n' },
] as const

export const GROUPS = ['Learn', 'Watch', 'Operate'] as const
