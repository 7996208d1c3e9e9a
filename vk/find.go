package vk

// Find describes the device that a name means, as in Options.Device, without
// opening it.
func Find(name string) (DeviceInfo, error) {
	in, err := openInstance(nil)
	if err != nil {
		return DeviceInfo{}, err
	}
	defer in.close()
	_, infos, err := in.describe()
	if err != nil {
		return DeviceInfo{}, err
	}
	i, err := choose(infos, name)
	if err != nil {
		return DeviceInfo{}, err
	}
	return infos[i], nil
}
