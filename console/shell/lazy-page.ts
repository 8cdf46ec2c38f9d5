import { lazyRouteComponent } from '@tanstack/react-router'
import type { ComponentType } from 'react'

/** A page that is loaded when it is asked for. Its file exports it as `Page`. */
export const lazyPage = (load: () => Promise<{ Page: ComponentType }>) => lazyRouteComponent(load, 'Page')
