package vk

import vulkan "github.com/goki/vulkan"

// Find describes the device that a name means, as in Options.Device, without
// opening it.
func Find(name string) (DeviceInfo, error) {
	in, err := openInstance(nil)
	if err != nil {
		return DeviceInfo{}, err
	}
	defer in.close()
	_, info, err := in.find(name)
	return info, err
}

// find is the device that a name means.
func (in *instance) find(name string) (vulkan.PhysicalDevice, DeviceInfo, error) {
	devs, infos, err := in.describe()
	if err != nil {
		return nil, DeviceInfo{}, err
	}
	i, err := choose(infos, name)
	if err != nil {
		return nil, DeviceInfo{}, err
	}
	return devs[i], infos[i], nil
}
