import { p } from 'vite-plugin-pwa';
