import type { Change } from './changes.ts'

/** What would change, and what comes of it. */
export const ChangeList = ({ changes }: { changes: readonly Change[] }) => (
  <ul className="maintenance-list">
    {changes.map(({ what, before, after, effect }) => (
      <li key={what}>
        <strong>{what}</strong>: {before} → {after}. <span className="soft">{effect}</span>
      </li>
    ))}
  </ul>
)
