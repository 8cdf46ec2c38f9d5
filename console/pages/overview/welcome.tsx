import { Link } from '@tanstack/react-router'
import { Icon } from '../../ui/icon.tsx'

/** For a system without orders: what to do first. */
export const Welcome = () => (
  <section className="overview-welcome" aria-label="First steps">
    <div>
      <h2>No order was placed in the last 24 hours</h2>
      <p className="soft">
        New here? The guided tour places orders, breaks the system in seven ways, and shows how it heals. It
        takes about five minutes.
      </p>
    </div>
    <div className="row">
      <Link className="button button-primary" to="/tour">
        Take the tour
        <Icon name="next" />
      </Link>
      <Link className="button button-plain" to="/orders/new">
        Place an order
      </Link>
    </div>
  </section>
)
