"""Says what tomorrow will be like: like today, which is right more often than one would think."""

import datetime
import math
import os

today = datetime.date.today()
season = math.cos(2 * math.pi * (today.timetuple().tm_yday - 200) / 365)
print(f"{os.environ['WEATHER_STATION']}, {today + datetime.timedelta(days=1)}: {-4 + 8 * season:.0f} °C")
