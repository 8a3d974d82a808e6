import { a } from './a';
import { h } from './header.js';
