import type { ButtonHTMLAttributes } from 'react'
import { Icon, type IconName } from './icon.tsx'

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: 'plain' | 'primary' | 'danger' | 'quiet'
  icon?: IconName
  isBusy?: boolean | undefined
}

export const Button = ({
  look = 'plain',
  icon,
  isBusy = false,
  disabled = false,
  children,
  className = '',
  ...rest
}: ButtonProps) => (
  <button
    type="button"
    className={`button button-${look} ${className}`}
    disabled={disabled || isBusy}
    aria-busy={isBusy}
    {...rest}
  >
    {icon === undefined ? undefined : <Icon name={icon} />}
    {children}
  </button>
)
