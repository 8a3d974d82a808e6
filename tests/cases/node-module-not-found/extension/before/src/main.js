import { day } from "./utils/dates";
import './utils/dates.json';
