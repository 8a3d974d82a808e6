import { z } from 'zod';
import d from 'date-fns';
