import { start } from './server.js';
import { Config } from "./config.js";
import routes from './routes.js';

start(new Config(), routes, this.port);
