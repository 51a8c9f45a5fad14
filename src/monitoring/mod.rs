//! Whether the model in use still fits: drift of what goes in, mix of classes, calibration over time with control limits.
