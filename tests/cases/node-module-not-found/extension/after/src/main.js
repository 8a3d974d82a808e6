import { day } from "./utils/dates.js";
import './utils/dates.json';
