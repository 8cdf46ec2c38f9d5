import { Link } from '@tanstack/react-router'
import type { Tone } from '../../ui/badge.tsx'
import { formatCount } from '../../ui/count.ts'
import { Icon, type IconName } from '../../ui/icon.tsx'
import { concernsOf, headlineOf, type Reading } from './concerns.ts'

const ICONS: Partial<Record<Tone, IconName>> = {
  done: 'check',
  failed: 'cross',
  person: 'hand',
  waiting: 'clock',
}

/** Whether all is well; if not, what is not, and where it is dealt with. */
export function Verdict({ reading }: { reading: Reading }) {
  const concerns = concernsOf(reading)
  const { tone, text } = headlineOf(concerns)
  const isChecking = reading.invariants === undefined
  return (
    <section className="overview-verdict" data-tone={tone} aria-label="Verdict">
      <p className="overview-headline" role="status">
        <Icon name={ICONS[tone] ?? 'dot'} />
        <strong>{text}</strong>{' '}
        {concerns.length > 0 ? undefined : (
          <span className="soft">
            {isChecking ? 'The invariants are being checked.' : <Calm {...reading} />}
          </span>
        )}
      </p>
      {concerns.length === 0 ? undefined : (
        <ul className="overview-concerns">
          {concerns.map((concern) => (
            <li key={concern.text} data-tone={concern.tone}>
              <Icon name={ICONS[concern.tone] ?? 'dot'} />
              <span>{concern.text}</span>
              <Link {...concern.place}>{concern.action}</Link>
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}

function Calm({ overview, invariants }: Reading) {
  const open = overview.orders.open.reduce((sum, { count }) => sum + count, 0)
  return (
    <>
      {open === 0
        ? 'No order is open'
        : `${formatCount(open)} ${open === 1 ? 'order is' : 'orders are'} open`}
      , nothing waits for a person, and all {invariants?.checks.length ?? 0}{' '}
      <Link to="/invariants">invariants</Link> hold.
    </>
  )
}
