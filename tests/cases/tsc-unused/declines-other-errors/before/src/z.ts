import { start } from './x';

const server = strat(80);
