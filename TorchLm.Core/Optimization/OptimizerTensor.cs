using static TorchSharp.torch;

namespace TorchLm.Core.Optimization;

/// <summary>A tensor of an optimiser's state as a checkpoint has it: whole, wherever its parts are.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Read">Gives its values, which the current dispose scope owns or the optimiser does. Where ranks share the state, all of them call it together.</param>
/// <param name="Write">Takes values over; where ranks share the state, this rank's part of them.</param>
internal sealed record OptimizerTensor(string Name, ScalarType Type, long[] Shape, Func<Tensor> Read, Action<Tensor> Write);
