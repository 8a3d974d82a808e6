import { expect } from 'chai';
