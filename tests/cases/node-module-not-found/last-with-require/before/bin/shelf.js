#!/usr/bin/env node
const chalk = require('chalk');
