import { Link } from '@tanstack/react-router'
import { useLack } from '../../identity/principal.tsx'
import { Icon } from '../../ui/icon.tsx'

/** For a system without orders: what to do first. */
export function Welcome() {
  const lack = useLack()
  const canTour = lack('PUT /development/faults') === undefined
  return (
    <section className="overview-welcome" aria-label="First steps">
      <div>
        <h2>No order was placed in the last 24 hours</h2>
        {canTour ? (
          <p className="soft">
            New here? The guided tour places orders, breaks the system in seven ways, and shows how it heals.
            It takes about five minutes.
          </p>
        ) : undefined}
      </div>
      <div className="row">
        {canTour ? (
          <Link className="button button-primary" to="/tour">
            Take the tour
            <Icon name="next" />
          </Link>
        ) : undefined}
        {lack('POST /orders') === undefined ? (
          <Link className="button button-plain" to="/orders/new">
            Place an order
          </Link>
        ) : undefined}
      </div>
    </section>
  )
}
