import { start } from './x';

const server = start(80);
