import { a } from './a';
import { h } from './Header.js';
