import Box, { open } from './box';
