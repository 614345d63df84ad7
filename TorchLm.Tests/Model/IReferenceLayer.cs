namespace TorchLm.Tests.Model;

/// <summary>A layer that maps T rows to T rows and remembers what its own gradient needs.</summary>
internal interface IReferenceLayer
{
    double[] Forward(double[] x);

    /// <summary>Takes the loss's gradient by the output, adds to the parameters' gradients, gives the gradient by the input.</summary>
    double[] Backward(double[] outputGradient);
}
