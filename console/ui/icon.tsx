const PATHS = {
  check: 'm4 8.5 2.5 2.5L12 5.5',
  cross: 'm4.5 4.5 7 7m0-7-7 7',
  clock: 'M8 4.5V8l2.5 1.5M14 8A6 6 0 1 1 2 8a6 6 0 0 1 12 0',
  hand: 'M6 5v6m4-6v6',
  undo: 'M6.5 3.5 3 7l3.5 3.5M3.5 7H10a3 3 0 0 1 0 6H7',
  skip: 'm4 4 5 4-5 4zm8 0v8',
  dot: 'M8 8h.01',
  search: 'M7 11.5a4.5 4.5 0 1 0 0-9 4.5 4.5 0 0 0 0 9m3.2-1.3 3.3 3.3',
  copy: 'M6 6h7v7H6zM3 10V3h7',
  out: 'M9 3h4v4m0-4L7.5 8.5M12 9.5V13H3V4h3.5',
  sun: 'M8 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M8 1.5v1.5m0 10v1.5M1.5 8H3m10 0h1.5M3.4 3.4l1 1m7.2 7.2 1 1m0-9.2-1 1m-7.2 7.2-1 1',
  moon: 'M13 9.5A5.5 5.5 0 0 1 6.5 3 5.5 5.5 0 1 0 13 9.5',
  menu: 'M2.5 4.5h11m-11 3.5h11m-11 3.5h11',
  play: 'm5 3.5 7 4.5-7 4.5z',
  pause: 'M5.5 3.5v9m5-9v9',
  alert: 'M8 2 1.5 13.5h13zM8 6.5v3m0 2h.01',
  next: 'm6 3.5 4.5 4.5L6 12.5',
  back: 'm10 3.5-4.5 4.5 4.5 4.5',
  plus: 'M8 3v10M3 8h10',
  bolt: 'M9 1.5 3.5 9H8l-1 5.5L12.5 7H8z',
} as const

export type IconName = keyof typeof PATHS

/** A picture beside a word that says the same: it is not read out. */
export const Icon = ({ name }: { name: IconName }) => (
  <svg className="icon" viewBox="0 0 16 16" aria-hidden="true">
    <path d={PATHS[name]} />
  </svg>
)
