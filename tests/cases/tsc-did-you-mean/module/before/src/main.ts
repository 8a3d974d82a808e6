import { start } from './server';
import Config from "./config.js";
import { routes } from './routes.js';

start(new Config(), routes, this.port);
