import { Button } from './button.tsx'

export interface VersionSliderProps {
  /** What travels in time, e.g. `order`. */
  what: string
  /** The version that is shown; the newest when there is none. */
  version: number | undefined
  newest: number
  /** @param version undefined for now. */
  onGo: (version: number | undefined) => void
}

/** Time travel: something as it was after each of its events. */
export function VersionSlider({ what, version, newest, onGo }: VersionSliderProps) {
  const shown = Math.min(version ?? newest, newest)
  const isNow = shown === newest
  const go = (to: number) => onGo(to >= newest ? undefined : to)
  return (
    <div className="slider">
      <Button
        look="quiet"
        icon="back"
        aria-label="One event back"
        disabled={shown <= 1}
        onClick={() => go(shown - 1)}
      />
      <input
        type="range"
        min={1}
        max={newest}
        value={shown}
        aria-label={`The ${what} as it was at this version`}
        aria-valuetext={isNow ? 'now' : `version ${shown} of ${newest}`}
        onChange={(event) => go(Number(event.target.value))}
      />
      <Button
        look="quiet"
        icon="next"
        aria-label="One event on"
        disabled={isNow}
        onClick={() => go(shown + 1)}
      />
      <span className="slider-word numeric">
        {isNow ? `now, at version ${newest}` : `as it was at version ${shown} of ${newest}`}
      </span>
      <Button look="quiet" disabled={isNow} onClick={() => go(newest)}>
        Back to now
      </Button>
    </div>
  )
}
