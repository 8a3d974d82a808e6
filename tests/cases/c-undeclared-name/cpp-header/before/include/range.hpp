// Numbers from a to b.
#pragma once

namespace range {

std::vector<unsigned> all(unsigned from, unsigned to);

} // namespace range
