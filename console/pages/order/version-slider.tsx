import { useNavigate } from '@tanstack/react-router'
import { Button } from '../../ui/button.tsx'

export interface VersionSliderProps {
  id: string
  /** The version that is shown; the newest when there is none. */
  version: number | undefined
  newest: number
}

/** Time travel: the order as it was after each of its events. Where it stands is in the URL. */
export function VersionSlider({ id, version, newest }: VersionSliderProps) {
  const navigate = useNavigate()
  const shown = Math.min(version ?? newest, newest)
  const isNow = shown === newest
  const go = (to: number) =>
    void navigate({
      to: '/orders/$id',
      params: { id },
      search: to >= newest ? {} : { v: to },
      replace: true,
      resetScroll: false,
    })
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
        aria-label="The order as it was at this version"
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
